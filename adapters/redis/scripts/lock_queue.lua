-- The line of those who wait for locks: what the lock's scripts share. They follow in the same text.
--
-- Waiters stand in one line, in the order they came, with the names they want. A waiter whose names are all free is
-- about to take them, and no other may pass it: otherwise a process that asks again right after a release would starve
-- the others. While one of its names is held, it lets others take the rest, but not for longer than its patience.
--
-- A lease's heartbeat stores until when it counts as alive; a value without one lasts until it expires. KEYS are the
-- names. The scripts make the line's own keys, so Redis must not be a cluster.

-- Others may pass a waiter for several names for this long; after that, names that become free are kept for it.
local PATIENCE_MICROSECONDS = 1000 * 1000
-- The others pass a waiter that has not looked for this long.
local FORGOTTEN_AFTER_MILLISECONDS = 750
-- How long after its death a lease is distinguished from a value that never had a heartbeat.
local DEAD_ARE_KNOWN_MICROSECONDS = 3600 * 1000 * 1000

local function wanted_of(value) return 'lock_wanted_' .. value end

local function any_in(names, set)
    for _, name in ipairs(names) do
        if set[name] then return true end
    end
    return false
end

local function add_to(set, names)
    for _, name in ipairs(names) do set[name] = true end
end

local function now()
    local time = redis.call('TIME')
    return time[1] * 1000000 + time[2]
end

local function is_dead(value)
    local alive_until = redis.call('ZSCORE', 'lock_leases', value)
    return alive_until and now() > tonumber(alive_until)
end

local function are_free(names)
    if #names == 0 or redis.call('EXISTS', unpack(names)) == 0 then return true end
    for position, value in ipairs(redis.call('MGET', unpack(names))) do
        if value and not is_dead(value) then return false end
        if value then redis.call('DEL', names[position]) end
    end
    return true
end

local function insists(value, names)
    return are_free(names) or now() - redis.call('ZSCORE', 'lock_queue', value) > PATIENCE_MICROSECONDS
end

-- Calls visit(value, names) for each waiter in order, until one call returns true.
local function each_waiting(visit)
    for _, value in ipairs(redis.call('ZRANGE', 'lock_queue', 0, -1)) do
        local names = redis.call('SMEMBERS', wanted_of(value))
        if #names == 0 then
            redis.call('ZREM', 'lock_queue', value)
        elseif visit(value, names) then
            return
        end
    end
end

local function leave(value)
    redis.call('ZREM', 'lock_queue', value)
    redis.call('DEL', wanted_of(value), 'lock_turn_' .. value)
end

local function wake_next(freed)
    local taken = {}
    each_waiting(function(value, names)
        if any_in(names, freed) and not any_in(names, taken) and are_free(names) then
            redis.call('LPUSH', 'lock_turn_' .. value, 1)
            redis.call('PEXPIRE', 'lock_turn_' .. value, 1000)
            add_to(taken, names)
        end
    end)
end
