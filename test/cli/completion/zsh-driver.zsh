# What zsh completes, really: an interactive zsh on a terminal of its own, which presses Tab after each line of LINES.
# Usage: zsh -f zsh-driver.zsh COMPLETION LINES OUT. OUT gets "> line" and below it what is offered.
zmodload zsh/zpty
setup=$3.setup
cat > $setup <<'SETUP'
autoload -Uz compinit && compinit -D -u
source $COMPLETION
# What would be shown is written down instead; calls that only fill an array are left alone.
compadd() {
  if [[ " ${(j: :)@[1,(i)(-|--)]} " == *' -'(O|A|D)' '* ]]; then
    builtin compadd "$@"
    return
  fi
  local -a hits
  builtin compadd -O hits "$@"
  print -rl -- $hits >> $OUT
  builtin compadd "$@"
}
press-tab() {
  local line
  for line in "${(@f)$(<$LINES_FILE)}"; do
    print -r -- "> $line" >> $OUT
    BUFFER=$line
    CURSOR=$#BUFFER
    zle complete-word
  done
  exit
}
zle -N press-tab
bindkey '^I' press-tab
SETUP
export COMPLETION=$1 LINES_FILE=$2 OUT=$3
zpty tab zsh -f -i
zpty -w tab "source $setup"
# The Tab is read once the setup is, as everything on a terminal.
zpty -wn tab $'\t'
while zpty -r tab chunk; do :; done
zpty -d tab
