-- The heartbeat of the leases ARGV[2], ARGV[3], …: they count as alive for ARGV[1] microseconds more.
for position = 2, #ARGV do
    redis.call('ZADD', 'lock_leases', 'XX', now() + ARGV[1], ARGV[position])
end
