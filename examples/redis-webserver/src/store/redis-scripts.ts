/**
 * Each operation is one Lua script: Redis runs it as a whole, so nobody sees half of it, and it needs
 * one round trip. Besides the entries themselves there is an index, a sorted set of all keys with one
 * and the same score, which Redis keeps in the order of bytes: it makes lists ordered, and each page
 * costs what the page holds, however big the database is. Names whose entry has expired leave the
 * index when a list comes across them.
 *
 * KEYS[1] is the entry and KEYS[2] the index, except in `list`; ARGV[1] is the key's own name.
 */
export const redisScripts = {
  getEntry: {
    numberOfKeys: 1,
    lua: `
      return { redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]) }
    `,
  },

  putEntry: {
    numberOfKeys: 2,
    lua: `
      local existed = redis.call('EXISTS', KEYS[1])
      if ARGV[3] == '' then
        redis.call('SET', KEYS[1], ARGV[2])
      else
        redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
      end
      redis.call('ZADD', KEYS[2], 0, ARGV[1])
      return existed
    `,
  },

  deleteEntry: {
    numberOfKeys: 2,
    lua: `
      redis.call('ZREM', KEYS[2], ARGV[1])
      return redis.call('DEL', KEYS[1])
    `,
  },

  // The sum is read back as text because Lua's numbers are exact only up to 2^53.
  incrementEntry: {
    numberOfKeys: 2,
    lua: `
      redis.call('INCRBY', KEYS[1], ARGV[2])
      redis.call('ZADD', KEYS[2], 0, ARGV[1])
      return { redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]) }
    `,
  },

  // KEYS[1] is the index; ARGV: what entry names begin with, lower bound, upper bound, entries and
  // bytes per page. Answers where to go on ('' after the last page) and key, value, ttl in turn.
  // It looks at 1,000 names at most, so that many expired ones cannot hold Redis up.
  listEntries: {
    numberOfKeys: 1,
    lua: `
      local from, to = ARGV[2], ARGV[3]
      local limit, budget = tonumber(ARGV[4]), tonumber(ARGV[5])
      local reply, found, bytes, seen, last = { '' }, 0, 0, 0, ''
      while true do
        local wanted = limit + 1 - found
        local names = redis.call('ZRANGEBYLEX', KEYS[1], from, to, 'LIMIT', 0, wanted)
        for _, name in ipairs(names) do
          local value = redis.pcall('GET', ARGV[1] .. name)
          if type(value) == 'string' then
            bytes = bytes + #value
            if found == limit or (found > 0 and bytes > budget) then
              reply[1] = last
              return reply
            end
            found = found + 1
            reply[#reply + 1] = name
            reply[#reply + 1] = value
            reply[#reply + 1] = redis.call('PTTL', ARGV[1] .. name)
          elseif not value then
            redis.call('ZREM', KEYS[1], name)
          end
          last = name
        end
        if #names < wanted then return reply end
        seen = seen + #names
        if seen > 1000 then
          reply[1] = last
          return reply
        end
        from = '(' .. last
      end
    `,
  },
} as const;

type ScriptName = keyof typeof redisScripts;

/** The commands that ioredis makes of the scripts: keys first, then arguments. */
export type ScriptCommands = Record<
  ScriptName,
  (...keysAndArguments: (string | number | Buffer)[]) => Promise<unknown>
>;
