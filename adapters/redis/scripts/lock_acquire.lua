-- Take the first ARGV[4] of KEYS, all or none, and of the others those that are free and that no waiter insists on.
-- Returns the positions in KEYS of the names taken; false after joining the line.
local value, ttl_milliseconds, alive_microseconds = ARGV[1], ARGV[2], ARGV[3]
local names = {unpack(KEYS, 1, ARGV[4])}
local wanted, free = {}, are_free(names)
add_to(wanted, names)
if free then
    each_waiting(function(other, theirs)
        if other == value then return true end
        if any_in(theirs, wanted) and insists(other, theirs) then
            free = false
            return true
        end
    end)
end

if free then
    local had, spoken_for = {}, {}
    for position, name in ipairs(names) do
        redis.call('SET', name, value, 'PX', ttl_milliseconds)
        had[position] = position
    end
    leave(value)
    redis.call('ZADD', 'lock_leases', now() + alive_microseconds, value)
    redis.call('ZREMRANGEBYSCORE', 'lock_leases', '-inf', now() - DEAD_ARE_KNOWN_MICROSECONDS)
    if #KEYS > #names then
        each_waiting(function(other, theirs)
            if insists(other, theirs) then add_to(spoken_for, theirs) end
        end)
    end
    for position = #names + 1, #KEYS do
        local name = KEYS[position]
        if not spoken_for[name] and redis.call('SET', name, value, 'PX', ttl_milliseconds, 'NX') then
            had[#had + 1] = position
        end
    end
    return had
end

if not redis.call('ZSCORE', 'lock_queue', value) then
    redis.call('ZADD', 'lock_queue', now(), value)
    redis.call('SADD', wanted_of(value), unpack(names))
end
redis.call('PEXPIRE', wanted_of(value), FORGOTTEN_AFTER_MILLISECONDS)
return false
