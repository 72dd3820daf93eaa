@price @transport
Feature: Pacing
  A provider is never asked more often than it allows, and what it allows is used.

  Scenario: The budget is kept and used
    Given a budget of 10 calls a second
    When 35 prices are asked for at once
    Then all of them are answered
    And no second saw more than 10 calls
    And more than 85 % of the budget was used

  Scenario Outline: A provider that asks for a pause gets it
    Given the provider answers the next call with <refusal> for 2 seconds
    When a price is asked for by somebody with 1 second of patience
    Then the answer is that the provider <does>
    When a price is asked for by somebody with 1 second of patience
    Then the answer is that the provider <does>
    And the provider was called once
    When 2 seconds have passed and a price is asked for
    Then it is the price of the last trade

    Examples:
      | refusal | does         |
      | 429     | limits us    |
      | 418     | has banned us |

  Scenario: Going on against a limit is not our way
    Given the provider really allows 5 calls a minute
    When 12 prices are asked for by people with 1 second of patience
    Then 5 of them are answered
    And the provider was called at most 6 times

  Scenario: People go before machines
    Given a budget of 10 calls a second
    When 15 calls of a back-fill wait and then a person asks for a price
    Then the person is answered before most of the back-fill
