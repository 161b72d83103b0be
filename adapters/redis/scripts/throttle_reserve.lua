-- Reserve one slot of KEYS[1] for each maximum wait in ARGV[2], ARGV[3], … (in milliseconds; negative: any). Slots are
-- ARGV[1] milliseconds apart. Returns for each whether it has a slot, and how long it waits for it.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local interval = tonumber(ARGV[1])
local next_slot = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local reserved = {}
local is_any_taken = false
for i = 2, #ARGV do
    local wait = next_slot - now
    local max_wait = tonumber(ARGV[i])
    local taken = max_wait < 0 or wait <= max_wait
    if taken then
        next_slot = next_slot + interval
        is_any_taken = true
    end
    reserved[i - 1] = {taken and 1 or 0, math.floor(wait)}
end
if is_any_taken then
    redis.call('SET', KEYS[1], string.format('%.3f', next_slot), 'PX', math.ceil(next_slot - now) + 1000)
end
return reserved
