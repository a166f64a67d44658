# bash completion of kubectl-doctor: source <(kubectl-doctor completion bash)
_kubectl_doctor() {
    local typed=${COMP_LINE:0:COMP_POINT} words current kept line value directive=0
    read -ra words <<<"$typed"
    [[ $typed == *[[:space:]] ]] && words+=("")
    current=${words[${#words[@]} - 1]}
    [[ $current == -*=* ]] && current=${current#*=}
    # Bash replaces only what stands behind the last colon.
    [[ $COMP_WORDBREAKS == *:* ]] && kept=${current%"${current##*:}"}
    COMPREPLY=()
    while IFS= read -r line; do
        value=${line%%$'\t'*}
        if [[ $line == :* ]]; then
            directive=${line#:}
        elif [[ $value == "$current"* ]]; then
            COMPREPLY+=("${value#"$kept"}")
        fi
    done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 16)) && compopt -o dirnames 2>/dev/null
    ((directive == 0)) && compopt -o default 2>/dev/null
    return 0
}
complete -F _kubectl_doctor kubectl-doctor
