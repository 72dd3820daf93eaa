@bars @transport
Feature: Trouble with a provider
  Whatever a provider does, no false bar gets through, nobody waits for ever, and what can be
  healed is healed.

  Scenario Outline: One hiccup is not noticed
    Given the provider once has trouble: <trouble>
    When the last 30 minutes of BTC-USDT are asked for
    Then 30 bars come in order without a gap
    And every bar is what was traded
    And the provider was called 2 times

    Examples:
      | trouble        |
      | status 500     |
      | status 502     |
      | status 503     |
      | status 520     |
      | reset          |
      | half_body      |
      | html           |
      | empty_body     |
      | truncated_json |

  Scenario Outline: Lasting trouble ends in time and in one sentence
    Given the provider has trouble: <trouble>
    When the last 30 minutes of BTC-USDT are asked for with 3 seconds of patience
    Then no bar comes
    And the answer is that the provider <says>
    And it came within 3.5 seconds

    Examples:
      | trouble        | says                       |
      | status 400     | refused the call           |
      | status 401     | denies access              |
      | status 403     | denies access or is banning |
      | status 451     | denies access              |
      | status 500     | is unavailable             |
      | status 503     | is unavailable             |
      | status 520     | is unavailable             |
      | hang           | is unavailable             |
      | drip           | is unavailable             |
      | reset          | is unavailable             |
      | half_body      | is unavailable             |
      | html           | is unavailable             |
      | empty_body     | is unavailable             |
      | truncated_json | is unavailable             |
      | deep_nesting   | is unavailable             |
      | gzip_bomb      | is unavailable             |
      | huge_body      | is unavailable             |
      | redirect       | is unavailable             |

  Scenario Outline: A row that cannot be a bar is set aside
    Given some rows of every answer are <bad>
    When the last 60 minutes of BTC-USDT are asked for
    Then every bar is what was traded
    And at least 1 row was set aside with a reason
    And no bar has a time at which no bar opens

    Examples:
      | bad             |
      | nan             |
      | infinity        |
      | null            |
      | impossible      |
      | misaligned      |

  @volumes
  Scenario: A volume below zero is none
    Given some rows of every answer are negative_volume
    When the last 60 minutes of BTC-USDT are asked for
    Then every bar is what was traded
    And at least 1 row was set aside with a reason

  Scenario Outline: Disorder is put right
    Given every answer is in <disorder>
    When the last 60 minutes of BTC-USDT are asked for
    Then 60 bars come in order without a gap
    And every bar is what was traded

    Examples:
      | disorder   |
      | duplicates |
      | disorder   |

  Scenario: A wrong label on the right goods
    Given the provider has trouble: wrong_content_type
    When the last 30 minutes of BTC-USDT are asked for
    Then every bar is what was traded

  @unpaged
  Scenario: A page that never turns
    Given the provider ignores which page is asked for
    When the last 700 hours of BTC-USDT are asked for with 3 seconds of patience
    Then every bar is what was traded
    And the provider was called at most 12 times

  @windowed
  Scenario: The newest page whatever was asked for
    Given the provider ignores which page is asked for
    When the last 3200 hours of BTC-USDT are asked for with 3 seconds of patience
    Then no bar comes
    And the answer is that the provider is unreadable
    And the provider was called at most 12 times

  Scenario: Patience is counted as a whole
    Given the provider has trouble: delay of 2 seconds
    When the last 30 minutes of BTC-USDT are asked for with 1 second of patience
    Then no bar comes
    And it came within 1.5 seconds
