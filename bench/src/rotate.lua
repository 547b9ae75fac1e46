-- For wrk: each request has the next of the tokens in a file, from a place on that is told, so that a turn goes on where
-- the one before it ended.

local requests, place = {}, 0

function init(arguments)
   for token in io.lines(arguments[1]) do
      wrk.headers["authorization"] = "Bearer " .. token
      requests[#requests + 1] = wrk.format()
   end
   place = tonumber(arguments[2])
end

function request()
   place = place % #requests + 1
   return requests[place]
end
