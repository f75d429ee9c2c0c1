local Game = {}

-- Starts a round.
function Game.start(players)
  return #players
end

function Game:stop(reason)
  self.reason = reason
end

local function roll()
  return math.random(6)
end

Game.score = function(player)
  return player.points
end

return Game
