namespace Dora.Ctl.Commands;

/// <summary>What each shell needs to ask <c>dora complete</c>.</summary>
internal static class CompletionScripts
{
    // Bash breaks words at : and = and replaces what stands behind, and at @, as in dhcp@eth0, and replaces what stands behind
    // together with the @: so what it does not replace is taken off.
    public const string Bash = """
        # bash completion for dora: source <(dora completion bash)
        _dora() {
            local text=${COMP_LINE:0:COMP_POINT} line typed strip=
            local -a words
            read -ra words <<<"$text"
            [[ $text == *[[:space:]] ]] && words+=("")
            typed=${words[${#words[@]} - 1]}
            if [[ $typed == *[@:=]* ]]; then strip=${typed%"${typed##*[@:=]}"}; strip=${strip%@}; fi
            COMPREPLY=()
            while IFS= read -r line; do
                case $line in
                    :file) compopt -o default 2>/dev/null ;;
                    :command) mapfile -t COMPREPLY < <(compgen -c -- "$typed") ;;
                    *) line=${line%%$'\t'*}; COMPREPLY+=("${line#"$strip"}") ;;
                esac
            done < <(dora complete -- "${words[@]:1}" 2>/dev/null)
        }
        complete -F _dora dora

        """;

    public const string Zsh = """
        #compdef dora
        # zsh completion for dora: source <(dora completion zsh), or as a file _dora in a folder of fpath
        _dora() {
            local line
            local -a items
            while IFS= read -r line; do
                case $line in
                    :file) _files; return ;;
                    :command) _command_names -e; return ;;
                    *$'\t'*) items+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
                    *) items+=("${line//:/\\:}") ;;
                esac
            done < <(dora complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
            _describe -t values dora items
        }
        if [[ $funcstack[1] == _dora ]]; then
            _dora "$@"
        else
            compdef _dora dora
        fi

        """;

    public const string Fish = """
        # fish completion for dora: dora completion fish | source, or as ~/.config/fish/completions/dora.fish
        function __dora_complete
            set -l words (commandline -opc)
            set -l typed (commandline -ct)
            for line in (dora complete -- $words[2..-1] "$typed" 2>/dev/null)
                switch $line
                    case :file
                        __fish_complete_path "$typed"
                    case :command
                        complete -C "$typed"
                    case '*'
                        echo $line
                end
            end
        end
        complete -c dora -f -a '(__dora_complete)'

        """;
}
