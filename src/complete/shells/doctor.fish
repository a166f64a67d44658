# fish completion of kubectl-doctor: ~/.config/fish/completions/kubectl-doctor.fish
function __kubectl_doctor
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l answer (command $words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    set -l flag (string match --regex -- '^-[^=]*=' "$current")
    switch "$answer[-1]"
        case :0
            __fish_complete_path (string replace -- "$flag" "" "$current")
        case :16
            __fish_complete_directories (string replace -- "$flag" "" "$current")
        case '*'
            if test (count $answer) -gt 1
                printf "$flag%s\n" $answer[1..-2]
            end
    end
end
complete --command kubectl-doctor --no-files --arguments '(__kubectl_doctor)'
