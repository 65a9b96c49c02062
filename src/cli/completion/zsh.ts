/** For zsh: as a file _pg_gateway in its $fpath, or by source. */
import { type Command, type Flag, flagsOf, type Place, unnamed } from '../command-line.ts';

export function zsh(commands: readonly Command[]): string {
  return `#compdef pg_gateway
# zsh completion for pg_gateway; "pg_gateway completion zsh" has printed it.
_pg_gateway() {
  local command=${unnamed}
  local -a names=(
${commands.map(({ name, help }) => `    ${quoted(`${name}:${help}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands 'command of pg_gateway' names
    return
  fi
  if (( CURRENT > 2 )) && (( \${names[(I)$words[2]:*]} )); then
    command=$words[2]
    shift words
    (( CURRENT-- ))
  fi
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
# Read by source it names itself; as a file of $fpath it is called.
if [[ $funcstack[1] == _pg_gateway ]]; then
  _pg_gateway "$@"
else
  compdef _pg_gateway pg_gateway
fi
`;
}

function commandCase(command: Command): string {
  const { name, argument } = command;
  const specs = flagsOf(command).map(flagSpec);
  if (argument.isFile || argument.words.length > 0) specs.push(quoted(`*:argument:${action(argument)}`));
  return `    ${name})
      _arguments \\
${specs.map((spec) => `        ${spec}`).join(' \\\n')}
      ;;`;
}

function flagSpec({ name, help, hint, ...place }: Flag): string {
  const told = `[${help.replace(/[[\]\\]/g, '\\$&')}]`;
  if (hint === undefined) return quoted(`${name}${told}`);
  return quoted(`${name}=${told}:${hint.replace(/[:\\]/g, '\\$&')}:${action(place)}`);
}

/** A blank: it is free, and only said what it is. */
function action({ words, isFile }: Place): string {
  if (isFile) return '_files';
  return words.length === 0 ? ' ' : `(${words.join(' ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
