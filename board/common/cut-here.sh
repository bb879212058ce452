# shellcheck shell=bash
# Sourced by tests that pull the plug: tools in whose place others stand, which end the whole program before the n-th call
# of any of them.

# cutters FOLDER TOOL... : in FOLDER, to be first in the PATH
cutters() {
    local folder=$1 tool
    shift
    mkdir -p "$folder"
    for tool in "$@"; do
        cat > "$folder/$tool" <<END
#!/bin/sh
printf x >> "$folder/.calls" # two may be called at once
read -r calls < "$folder/.calls" || true # with no tool: it may be one of these
[ "\${#calls}" -lt "\$HSV_CUT" ] || kill -9 0
exec $(command -v "$tool") "\$@"
END
        chmod +x "$folder/$tool"
    done
    folder_of_cutters=$folder
}

# until_cut NUMBER COMMAND... : 0 when it came to its end before that call; what it said is in $folder_of_cutters/.said
until_cut() {
    local number=$1
    shift
    : > "${folder_of_cutters:?}/.calls"
    # A group of its own, which the cut kills
    HSV_CUT=$number PATH=$folder_of_cutters:$PATH setsid --wait "$@" > "$folder_of_cutters/.said" 2>&1
}
