-- Give back those of KEYS that ARGV[1] has, leave the line, and wake the next. Returns how many it had.
local value, released, freed = ARGV[1], 0, {}
for _, name in ipairs(KEYS) do
    if redis.call('GET', name) == value then
        redis.call('DEL', name)
        released = released + 1
    end
end
leave(value)
redis.call('ZREM', 'lock_leases', value)
add_to(freed, KEYS)
wake_next(freed)
return released
