# What bash completes after each line of LINES, split into words as bash does. Usage: bash bash-driver.bash COMPLETION LINES
source "$1"
read -r _ _ complete _ < <(complete -p pg_gateway)
while IFS= read -r line; do
    echo "> $line"
    # bash sets --flag=value apart (COMP_WORDBREAKS).
    read -ra COMP_WORDS <<<"${line//=/ = }"
    [[ $line != *[\ =] ]] || COMP_WORDS+=('')
    [[ $line != *= ]] || unset 'COMP_WORDS[-1]'
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    "$complete"
    ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
done <"$2"
