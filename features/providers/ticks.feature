@pairs
Feature: Single trades and quotes
  Whoever asks for trades gets each of them once, with the venue's own time, price, size and taker.
  A quote is the top of the book; where the venue sends no time with it, that is said.

  @trades
  Scenario: The newest trades
    When the newest 50 trades of BTC-USDT are asked for
    Then at least 50 trades come in order
    And every trade is what was traded
    And the provider was called once

  @trades @past
  Scenario: From a moment on
    When the first 40 trades of BTC-USDT since 5 minutes ago are asked for
    Then at least 40 trades come in order
    And every trade is what was traded
    And nothing is missing from what the answer covers

  @trades @past
  Scenario: Up to a moment
    When the last 40 trades of BTC-USDT before 5 minutes ago are asked for
    Then at least 40 trades come in order
    And every trade is what was traded
    And nothing is missing from what the answer covers

  @trades @past
  Scenario: A minute adds up to its bar
    When all trades of BTC-USDT of the minute 3 minutes ago are asked for
    Then they add up to the bar of that minute
    And nothing is missing from what the answer covers

  @trades @lately
  Scenario: Only the last trades are told
    When all trades of BTC-USDT of the minute 60 minutes ago are asked for
    Then no trades come and nothing is covered

  @trades
  Scenario: Nobody knows the instrument
    When the newest 5 trades of NOPE-USDT are asked for
    Then the answer is that the instrument is not listed

  @quotes @live
  Scenario: The top of the book
    When the newest quote of ETH-USDT is asked for
    Then one quote of now comes whose bid is the last price and below its ask

  @quotes @live
  Scenario: The book of yesterday is not kept
    When the quotes of ETH-USDT of yesterday are asked for
    Then the answer is that the range is not kept
    And the provider was called at most 0 times
