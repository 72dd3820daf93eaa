@futures
Feature: Contracts
  Whoever asks about futures gets each contract, product and session event once, as the exchange
  knows it on the day in question, however many rows the provider keeps of it.

  Scenario: The contracts of a product
    When the contracts of ES are asked for
    Then they are ESZ2025, ESZ2026 and ESH2027, each once
    And every call said how much it wants

  Scenario: A list as it was
    When the contracts of ES on 2025-06-02 are asked for
    Then they are ESZ2025, each once

  Scenario: Page by page
    Given every list is read to its end
    When the events of all sessions are asked for
    Then each event is told once
    And the provider was called no more than 5 times

  Scenario: A multiplier
    When the product GC is asked for
    Then its multiplier is 100

  Scenario: The exchanges
    When the exchanges are asked for
    Then XCME, XCBT, XNYM and XCEC are among them

  Scenario Outline: Trouble is told in one sentence
    Given the provider has trouble with its lists: <status>
    When the contracts of ES are asked for
    Then it is told that the provider <says>

    Examples:
      | status | says             |
      | 401    | denies access    |
      | 403    | denies access    |
      | 400    | refused the call |
      | 500    | is unavailable   |
