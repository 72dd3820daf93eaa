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

  @priced
  Scenario: Null is nonsense of a provider that lists only what has a price
    Given the provider sends null for a price
    When the price of ETH-USDT is asked for
    Then the answer is that the provider is unreadable

  @unpriced
  Scenario: Null is no price of a provider that lists what was not traded, too
    Given the provider sends null for a price
    When the price of ETH-USDT is asked for
    Then the answer is that the provider has no price

  @positive
  Scenario: A negative number is no price
    Given the provider sends a negative number for a price
    When the price of ETH-USDT is asked for
    Then the answer is that the provider is unreadable
