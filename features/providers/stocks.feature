@stocks @days
Feature: Stocks
  A day of a stock is the day of its session, whatever the provider stamps it with, in winter and
  in summer; its prices are those that were paid, where the provider has them.

  @bars
  Scenario Outline: Days have the date of their session
    When the days of AAPL from <first> to <last> are asked for
    Then every bar of that stretch comes as it was traded
    And the provider has answered for the whole stretch

    Examples:
      | first      | last       |
      | 2025-02-24 | 2025-03-24 |
      | 2025-10-20 | 2025-11-10 |
      | 2024-12-20 | 2025-01-06 |

  @bars @weekly
  Scenario: Weeks open on Monday
    When the weeks of MSFT from 2025-02-03 to 2025-06-02 are asked for
    Then every bar of that stretch comes as it was traded
    And the provider has answered for the whole stretch

  @bars @monthly
  Scenario: Months open on the first
    When the months of MSFT from 2024-10-01 to 2025-07-01 are asked for
    Then every bar of that stretch comes as it was traded
    And the provider has answered for the whole stretch

  @bars @raw
  Scenario: Prices before a split are as they were paid
    When the days of AAPL from 2020-08-24 to 2020-09-08 are asked for
    Then every bar of that stretch comes as it was paid at that time

  @bars
  Scenario: A weekend is an honest answer
    When the days of AAPL from 2025-11-08 to 2025-11-10 are asked for
    Then 0 bars come
    And the provider has answered for the whole stretch

  @bars
  Scenario: Before its first day a stock has no bars
    When the days of TSLA from 2010-06-14 to 2010-07-12 are asked for
    Then every bar of that stretch comes as it was traded

  @bars
  Scenario: Nobody knows the ticker
    When the days of NOPE from 2025-10-20 to 2025-11-10 are asked for
    Then the answer is that the instrument is not listed

  @actions
  Scenario: Splits and dividends
    When the splits and dividends of AAPL are asked for
    Then they are those of the synthetic world
