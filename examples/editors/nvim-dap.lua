-- For Neovim with nvim-dap: the adapters of the configurations that `devenv debug vscode` writes. nvim-dap reads
-- .vscode/launch.json by itself; it only has to be told that an attach connects to the port that is named there.
local dap = require("dap")

-- What another plugin has set up to launch programs (nvim-dap-python, nvim-dap-go) stays in use for that.
local function attach(name, address)
  local launch = dap.adapters[name]
  dap.adapters[name] = function(callback, config)
    if config.request == "attach" and address(config) then
      local at = address(config)
      callback({ type = "server", host = at.host, port = at.port })
    elseif type(launch) == "function" then
      launch(callback, config)
    else
      callback(launch)
    end
  end
end

attach("debugpy", function(config) return config.connect end)
attach("go", function(config) return config.mode == "remote" and config or nil end)
