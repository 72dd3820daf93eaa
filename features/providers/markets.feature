@markets
Feature: Assets as a whole
  Whoever asks what coins are worth together gets them by rank, with what the provider knows of
  them; what it does not know is absent and never zero.

  Scenario: The largest come first
    When the first 10 assets are asked for
    Then the assets of rank 1 to 10 come
    And every figure is that of the synthetic world

  Scenario: The list goes on
    When the next 5 assets behind 10 are asked for
    Then the assets of rank 11 to 15 come
    And every figure is that of the synthetic world

  Scenario: Behind the last there is nothing
    When the next 200 assets behind 200 are asked for
    Then no assets come

  Scenario Outline: One asset and what it is
    When the asset <code> is asked for
    Then it is <code> and described
    And every figure is that of the synthetic world

    Examples:
      | code |
      | BTC  |
      | KAS  |

  Scenario: Who has no end has no greatest supply
    When the asset ETH is asked for
    Then its greatest supply is absent

  Scenario: Nobody knows the asset
    When the asset NOPE is asked for
    Then the answer is that the instrument is not listed

  Scenario: A hiccup is not noticed
    Given the provider answers the next call with status 503
    When the first 10 assets are asked for
    Then the assets of rank 1 to 10 come

  Scenario Outline: No number, no answer
    Given the provider says <nonsense> for every price
    When the first 10 assets are asked for
    Then the answer is that the provider is unreadable

    Examples:
      | nonsense          |
      | NaN               |
      | infinity          |
      | a negative number |

  Scenario: A description that fails takes nothing else away
    Given the provider describes nothing
    When the asset BTC is asked for
    Then it is BTC without a description
