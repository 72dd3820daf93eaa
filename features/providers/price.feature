@price
Feature: The last price
  A price is what was traded last, or a refusal that says why there is none.

  Scenario: The price of now
    When the price of ETH-USDT is asked for
    Then it is the price of the last trade
    And its time is now

  Scenario: Nobody knows the instrument
    When the price of NOPE-USDT is asked for
    Then the answer is that the instrument is not listed

  Scenario Outline: No number, no price
    Given the provider sends <nonsense> for a price
    When the price of ETH-USDT is asked for
    Then the answer is that the provider is unreadable

    Examples:
      | nonsense |
      | NaN      |
      | infinity |

  Scenario: Null is no price, which some providers say of what was not traded
    Given the provider sends null for a price
    When the price of ETH-USDT is asked for
    Then the answer is that the provider has no price or is unreadable

  @positive
  Scenario: A negative number is no price
    Given the provider sends a negative number for a price
    When the price of ETH-USDT is asked for
    Then the answer is that the provider is unreadable
