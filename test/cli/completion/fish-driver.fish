# What fish completes after each line of LINES. Usage: fish fish-driver.fish COMPLETION LINES
source $argv[1]
while read --line line
    echo "> $line"
    # After a tab stands what it means.
    complete -C $line | string replace -r '\t.*' ''
end <$argv[2]
