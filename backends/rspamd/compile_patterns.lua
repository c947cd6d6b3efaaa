-- Compiles the patterns that find web addresses in mail (the endings in the list of public suffixes) into
-- Rspamd's cache, as Rspamd itself does before it takes any mail: five to fifteen seconds that are over when it
-- starts then. Run by: rspamadm lua -b
local util = require "rspamd_util"

local lists = {
  "/usr/share/publicsuffix/effective_tld_names.dat", -- Debian 13's url_tld in options.inc
  "/usr/share/rspamd/effective_tld_names.dat", -- Debian 12's
}
for _, list in ipairs(lists) do
  local found = io.open(list)
  if found then
    found:close()
    util.config_from_ucl({ options = { url_tld = list, hs_cache_dir = "/var/lib/rspamd/" } }, "INIT_URL,INIT_LIBS")
    break
  end
end
