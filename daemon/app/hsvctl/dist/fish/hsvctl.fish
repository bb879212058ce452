# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_hsvctl_global_optspecs
    string join \n bus= json h/help V/version
end

function __fish_hsvctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_hsvctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_hsvctl_using_subcommand
    set -l cmd (__fish_hsvctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c hsvctl -n "__fish_hsvctl_needs_command" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_needs_command" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "status" -d 'What the camera is doing'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "watch" -d 'What happens, line by line, until Ctrl-C'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "privacy" -d 'Shut the camera off, or hand it back to HomeKit'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "mode" -d 'The mode set in the Home app, and what the camera may do now'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "night" -d 'Night vision: infrared light when it gets dark, or never'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "motion" -d 'Pretend motion, choose where it counts, see how much there is'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "snapshot" -d 'Save what the camera sees now as a JPEG'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "recordings" -d 'The last recordings, or why there are none'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "sessions" -d 'Who watches the live picture now'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "pairing" -d 'Pair the camera, or see and remove those who are paired'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "settings" -d 'Settings over the owner\'s file, used from the next start on'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "logs" -d 'What the camera wrote to the journal (journalctl -u hsvd)'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "doctor" -d 'Look for what usually breaks, in the camera and around it'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "diagnostics" -d 'Save an archive for whoever is to find a fault'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "factory-reset" -d 'Forget pairings, settings and identity, and start as if new'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "identify" -d 'Blink the status light, to tell this camera from others'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "restart" -d 'Start the camera\'s program anew'
complete -c hsvctl -n "__fish_hsvctl_needs_command" -f -a "update" -d 'Install another version of the whole system'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand status" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand status" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand status" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand watch" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand watch" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand watch" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand privacy" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand privacy" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand privacy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand privacy" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand mode" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand mode" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand mode" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand mode" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand night" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand night" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand night" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand night" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and not __fish_seen_subcommand_from trigger zones tune" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and not __fish_seen_subcommand_from trigger zones tune" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and not __fish_seen_subcommand_from trigger zones tune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and not __fish_seen_subcommand_from trigger zones tune" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and not __fish_seen_subcommand_from trigger zones tune" -f -a "trigger" -d 'As if something had moved'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and not __fish_seen_subcommand_from trigger zones tune" -f -a "zones" -d 'Where in the picture motion counts'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and not __fish_seen_subcommand_from trigger zones tune" -f -a "tune" -d 'A live bar of what moves, against what counts as motion'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from trigger" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from trigger" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from trigger" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from trigger" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from zones" -l include -d 'Motion counts here; with one such zone it counts nowhere else' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from zones" -l exclude -d 'Motion does not count here, whatever other zones say' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from zones" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from zones" -l none -d 'No zones: motion counts in the whole picture'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from zones" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from zones" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from zones" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from tune" -l seconds -d 'How long; Ctrl-C ends it before' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from tune" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from tune" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from tune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand motion; and __fish_seen_subcommand_from tune" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand snapshot" -l width -d 'Pixels at most; the picture keeps its shape' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand snapshot" -l height -d 'Pixels at most' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand snapshot" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand snapshot" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand snapshot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand snapshot" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand recordings" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand recordings" -l explain -d 'Go through everything that a recording needs, and say what is missing'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand recordings" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand recordings" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand recordings" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand sessions" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand sessions" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand sessions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand sessions" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and not __fish_seen_subcommand_from show list remove reset unlock" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and not __fish_seen_subcommand_from show list remove reset unlock" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and not __fish_seen_subcommand_from show list remove reset unlock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and not __fish_seen_subcommand_from show list remove reset unlock" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and not __fish_seen_subcommand_from show list remove reset unlock" -f -a "show" -d 'The setup code to type or to scan (without a verb this is done)'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and not __fish_seen_subcommand_from show list remove reset unlock" -f -a "list" -d 'Who is paired'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and not __fish_seen_subcommand_from show list remove reset unlock" -f -a "remove" -d 'Remove one controller; with the last admin all go'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and not __fish_seen_subcommand_from show list remove reset unlock" -f -a "reset" -d 'Remove all pairings; the camera can be added to a home again'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and not __fish_seen_subcommand_from show list remove reset unlock" -f -a "unlock" -d 'Let pairing be tried again after too many wrong setup codes'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from show" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from show" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from list" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from list" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from remove" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from remove" -l yes -d 'Do not ask'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from remove" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from reset" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from reset" -l yes -d 'Do not ask'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from reset" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from reset" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from unlock" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from unlock" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from unlock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand pairing; and __fish_seen_subcommand_from unlock" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and not __fish_seen_subcommand_from get set unset" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and not __fish_seen_subcommand_from get set unset" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and not __fish_seen_subcommand_from get set unset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and not __fish_seen_subcommand_from get set unset" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and not __fish_seen_subcommand_from get set unset" -f -a "get" -d 'One setting\'s value, as TOML'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and not __fish_seen_subcommand_from get set unset" -f -a "set" -d 'Give a setting another value'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and not __fish_seen_subcommand_from get set unset" -f -a "unset" -d 'Back to the file\'s value'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from get" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from get" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from set" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from set" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from unset" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from unset" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from unset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand settings; and __fish_seen_subcommand_from unset" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand logs" -s n -l lines -d 'The last so many lines' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand logs" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand logs" -s f -l follow -d 'Go on as it is written'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand logs" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand logs" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand doctor" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand doctor" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand diagnostics" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand diagnostics" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand diagnostics" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand diagnostics" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand factory-reset" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand factory-reset" -l yes -d 'Do not ask for the camera\'s name'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand factory-reset" -l no-wait -d 'Do not wait until the camera is back'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand factory-reset" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand factory-reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand factory-reset" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand identify" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand identify" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand identify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand identify" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand restart" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand restart" -l no-wait -d 'Do not wait until it is back'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand restart" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand restart" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -f -a "status" -d 'Say which version runs, and what is under way'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -f -a "check" -d 'Say whether a bundle would be taken'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -f -a "install" -d 'Install a bundle, and start it when nothing is missed by that'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -f -a "now" -d 'Have the update that waits go on at once'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -f -a "rollback" -d 'Start the other system; it is kept as a new one is'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -f -a "history" -d 'List the updates of before, the newest first'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and not __fish_seen_subcommand_from status check install now rollback history seen" -f -a "seen" -d 'Stop telling that the last update came back'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from status" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from status" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from status" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from check" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from check" -l older -d 'Also a version that is not newer'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from check" -l once -d 'Not a version that was here before and was left'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from check" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from install" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from install" -l older -d 'Also a version that is not newer'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from install" -l once -d 'Not a version that was here before and was left'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from install" -l now -d 'Do not wait until nobody watches and nothing is recorded'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from install" -l no-wait -d 'Do not wait until it is installed'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from install" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from install" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from now" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from now" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from now" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from now" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from rollback" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from rollback" -l yes -d 'Do not ask'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from rollback" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from rollback" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from history" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from history" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from history" -s V -l version -d 'Print version'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from seen" -l bus -d 'Which bus the camera is on: system, session, or an address' -r
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from seen" -l json -d 'One JSON object, for scripts; errors too, on standard error'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from seen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hsvctl -n "__fish_hsvctl_using_subcommand update; and __fish_seen_subcommand_from seen" -s V -l version -d 'Print version'
