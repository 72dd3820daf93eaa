@bars
Feature: The past
  Whoever asks a provider for a stretch of the past gets every bar that it has: once, in order,
  as it was traded, and never one that is still forming.

  Scenario: A stretch comes whole
    When the last 170 minutes of BTC-USDT are asked for
    Then 170 bars come in order without a gap
    And every bar is what was traded

  Scenario: The running bar is not the past
    When the last 5 minutes of BTC-USDT and the running one are asked for
    Then 5 bars come in order without a gap
    And none of them is still forming

  @long
  Scenario: A long stretch comes page by page
    When the last 700 hours of BTC-USDT are asked for
    Then 700 bars come in order without a gap
    And every bar is what was traded

  @deep
  Scenario: There is no end to what a provider with all of history gives
    When the last 2600 minutes of ETH-USDT are asked for
    Then 2600 bars come in order without a gap
    And the provider was called no more often than its pages demand

  @shallow
  Scenario: What a provider no longer keeps is refused
    When 60 minutes of BTC-USDT from 3 years ago are asked for
    Then the answer is that the range is not kept

  @flat @volumes
  Scenario: Nobody traded for a minute
    When the last 300 minutes of KAS-USDT are asked for
    Then 300 bars come in order without a gap
    And some of them have no volume and no average price

  @sparse @volumes
  Scenario: A minute without a trade is left out
    When the last 300 minutes of KAS-USDT are asked for
    Then every bar is what was traded
    And the missing ones are the minutes in which nobody traded
    And the provider has answered for the whole stretch

  @coins @hours
  Scenario: The provider was down
    When the last 168 hours of TIA-USDT are asked for
    Then 166 bars come
    And the missing ones are the two hours of Sunday's outage
    And the provider has answered for the whole stretch

  @deep @coins
  Scenario: Before the listing there was nothing
    When the 40 hours around the listing of SUI-USDT are asked for
    Then 20 bars come
    And the provider has answered for the whole stretch

  Scenario: Nobody knows the instrument
    When the last 5 minutes of NOPE-USDT are asked for
    Then the answer is that the instrument is not listed

  Scenario: The provider changes its mind
    Given the provider has changed the close of BTC-USDT 10 hours ago to 12345.5
    When the last 24 hours of BTC-USDT are asked for
    Then the bar of 10 hours ago closes at 12345.5
