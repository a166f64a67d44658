#compdef kubectl-doctor
# zsh completion of kubectl-doctor: a file _kubectl-doctor in a folder of fpath, or source <(kubectl-doctor completion zsh)
_kubectl-doctor() {
    local line value directive
    local -a answer values options
    answer=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    directive=${answer[-1]#:}
    for line in "${(@)answer[1,-2]}"; do
        value=${line%%$'\t'*}
        value=${value//:/\\:}
        [[ $line == *$'\t'* ]] && value+=":${line#*$'\t'}"
        values+=("$value")
    done
    [[ $PREFIX == -*=* ]] && compset -P '*='
    (( directive & 2 )) && options=(-S '')
    if (( directive == 0 )); then
        _files
    elif (( directive & 16 )); then
        _files -/
    elif (( $#values )); then
        _describe -t words word values "${(@)options}"
    fi
}
if [[ $funcstack[1] == _kubectl-doctor ]]; then
    _kubectl-doctor
else
    compdef _kubectl-doctor kubectl-doctor
fi
