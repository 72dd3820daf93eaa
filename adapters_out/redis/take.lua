-- `take` of domain/pacing.py as one atomic step; a test compares the two call by call.
-- KEYS[1]: the account, a packed BudgetState (domain/budget.py). ARGV[1]: a packed request.
-- Answers a packed {granted, wait_s, frozen_until or 0, banned, exhausted, used_fraction}, or
-- nothing when only a restored account will do and this one is not.

local ask = cmsgpack.unpack(ARGV[1])
local now = ask.now
if now < 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end

local packed = redis.call('GET', KEYS[1])
local state = packed and cmsgpack.unpack(packed)
  or {0, 0, false, {0, 0}, {0, 0, 0}, 0, false, {}}
local NEXT, FROZEN, BANNED, MARKS, METER, USED_AT, RESTORED, WINDOWS = 1, 2, 3, 4, 5, 6, 7, 8
if ask.restored and not state[RESTORED] then return false end

-- Slots of a window in which a call that leaves now may arrive.
local function charged(window)
  if not window.calendar then
    local slot = math.floor(now * ask.slots / window.seconds)
    return slot, slot
  end
  return math.floor((now - window.offset) / window.seconds),
    math.floor((now + ask.lag - window.offset) / window.seconds)
end

local function use_of(window)
  for _, use in ipairs(state[WINDOWS]) do
    if use[1] == window.key then return use end
  end
  return {window.key, {}}
end

-- The slots of a window that still count.
local function kept(window)
  local first, last = charged(window)
  if not window.calendar then
    first = math.floor((now - ask.lag - window.seconds) * ask.slots / window.seconds)
  end
  local slots = {}
  for _, pair in ipairs(use_of(window)[2]) do
    if first <= pair[1] and pair[1] <= last + 1 then slots[#slots + 1] = pair end
  end
  return slots
end

local function used_fraction()
  local second, here, before = unpack(state[METER])
  local elapsed, part = math.floor(now) - second, now - math.floor(now)
  local seen = 0
  if elapsed == 0 then seen = here + before * (1 - part) end
  if elapsed == 1 then seen = here * (1 - part) end
  local fullest = seen / math.max(1, ask.rate)
  for _, window in ipairs(ask.windows) do
    local here_only, sum = (charged(window)), 0
    for _, pair in ipairs(kept(window)) do
      if not window.calendar or pair[1] == here_only then sum = sum + pair[2] end
    end
    fullest = math.max(fullest, sum / window.limit)
  end
  return math.min(1, fullest)
end

local function reply(granted, wait, exhausted)
  local frozen = state[FROZEN] > now
  return cmsgpack.pack({granted, wait, frozen and state[FROZEN] or 0,
    frozen and state[BANNED], exhausted, used_fraction()})
end

local function keep()
  redis.call('SET', KEYS[1], cmsgpack.pack(state))
end

if state[FROZEN] > now then return reply(false, state[FROZEN] - now, false) end

local function window_wait(window)
  local slots = kept(window)
  if window.calendar then
    local here, there = charged(window)
    local full = nil
    for _, pair in ipairs(slots) do
      if (pair[1] == here or pair[1] == there) and pair[2] > window.room then full = pair[1] end
    end
    return full and (full + 1) * window.seconds + window.offset + ask.margin - now or 0
  end
  local excess = -window.room
  for _, pair in ipairs(slots) do excess = excess + pair[2] end
  if excess <= 0 then return 0 end
  for _, pair in ipairs(slots) do
    excess = excess - pair[2]
    if excess <= 0 then
      return (pair[1] + 1) * window.seconds / ask.slots + window.seconds + ask.lag
        + ask.margin - now
    end
  end
  return 0
end

local due = math.min(state[NEXT], now + math.max(ask.spacing, ask.headroom) + ask.tolerance)
local wait, exhausted = due - ask.tolerance - now, false
for _, window in ipairs(ask.windows) do
  local pause = window_wait(window)
  wait = math.max(wait, pause)
  if pause > ask.epsilon and window.long then exhausted = true end
end
for level = 1, math.min(ask.priority, 2) do
  local mark = state[MARKS][level]
  if mark <= now + ask.mark_wait + 2 * ask.mark then wait = math.max(wait, mark - now) end
end

if wait > ask.epsilon then
  if ask.priority < 2 then
    local marks, level = state[MARKS], ask.priority + 1
    marks[level] = math.max(math.min(marks[level], now + ask.mark_wait + ask.mark),
      now + math.min(wait, ask.mark_wait) + ask.mark)
    keep()
  end
  return reply(false, wait, exhausted)
end

for _, window in ipairs(ask.windows) do
  local use, slots = use_of(window), kept(window)
  local here, there = charged(window)
  local function charge(slot)
    for _, pair in ipairs(slots) do
      if pair[1] == slot then
        pair[2] = pair[2] + ask.weight
        return
      end
    end
    if ask.weight > 0 then slots[#slots + 1] = {slot, ask.weight} end
  end
  charge(here)
  if there ~= here then charge(there) end
  table.sort(slots, function(a, b) return a[1] < b[1] end)
  use[2] = slots
  local known = false
  for _, other in ipairs(state[WINDOWS]) do known = known or other[1] == use[1] end
  if not known then table.insert(state[WINDOWS], use) end
end
local second, here, before = unpack(state[METER])
if second == math.floor(now) then
  state[METER] = {second, here + 1, before}
else
  state[METER] = {math.floor(now), 1, second == math.floor(now) - 1 and here or 0}
end
state[NEXT] = math.max(now, due) + ask.spacing
state[USED_AT] = now
keep()
return reply(true, 0, false)
