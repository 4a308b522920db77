# Completion of umbratap for fish. tests/deploy/manual.py holds it against --help.

set -l verbs rules inventory keys doctor render policy explain suppress
complete -c umbratap -n "not __fish_seen_subcommand_from $verbs" -a "$verbs"
complete -c umbratap -n '__fish_seen_subcommand_from rules' -f -a 'check list explain'
complete -c umbratap -n '__fish_seen_subcommand_from inventory' -a 'show export merge approve'
complete -c umbratap -n '__fish_seen_subcommand_from keys' -a status
complete -c umbratap -n '__fish_seen_subcommand_from render' -l format -x -a 'ecs ocsf cef leef zeek'
complete -c umbratap -n '__fish_seen_subcommand_from inventory' -l format -x -a 'json csv'
complete -c umbratap -n '__fish_seen_subcommand_from policy' -a test
complete -c umbratap -n '__fish_seen_subcommand_from suppress' -a 'add list test'
complete -c umbratap -n '__fish_seen_subcommand_from explain suppress' -l events -r -d 'recorded events'
complete -c umbratap -n '__fish_seen_subcommand_from doctor' -l seconds -x -d 'to listen'

complete -c umbratap -s r -l read -r -d 'capture, directory, - or tcp://HOST:PORT'
complete -c umbratap -s i -l interface -x -a 'any (ls /sys/class/net)' -d 'listen on this interface'
complete -c umbratap -s c -l config -r -d 'config (YAML)'
complete -c umbratap -s p -l policy -r -d 'which portals and servers are approved'
complete -c umbratap -l preset -x -a 'quiet standard hunt' -d 'which alerts are told'
complete -c umbratap -l suppressions -r -d 'alerts that are counted and not told'
complete -c umbratap -s k -l keylog -r -d 'TLS key log'
complete -c umbratap -l tls-key -r -d 'RSA private key of a server'
complete -c umbratap -l decrypted-mirror -d 'TLS was taken off before us'
complete -c umbratap -s o -l output -r -d 'where events go'
complete -c umbratap -l json -d 'events on standard output, no summary'
complete -c umbratap -l events -x -a '(__fish_append , alert mcp mcp_session inventory anomaly stats http tls flow stream)' -d 'event types'
complete -c umbratap -l payloads -x -a 'none redacted full' -d 'how much of arguments and results events carry'
complete -c umbratap -l metrics -x -a '127.0.0.1:9464' -d 'endpoint for Prometheus'
complete -c umbratap -s w -l workers -x -d 'threads that parse'
complete -c umbratap -l fail-on -x -a '1 2 3 4' -d 'exit 10 at an alert of this severity'
complete -c umbratap -s T -l test-config -d 'print what is in force'
complete -c umbratap -l self-test-sandbox -d 'try what the parser must not'
complete -c umbratap -s q -l quiet -d 'no progress, no notices'
complete -c umbratap -s v -l verbose -d 'say more'
complete -c umbratap -s V -l version -d 'print the version'
complete -c umbratap -s h -l help -d 'print a summary of options'
complete -c umbratap -l rules -x -a '(__fish_complete_directories)' -d 'directory of rules'
complete -c umbratap -l cache -x -a '(__fish_complete_directories)' -d 'directory for compiled patterns'
complete -c umbratap -l inventory -r -d 'keep the inventory in this file'
