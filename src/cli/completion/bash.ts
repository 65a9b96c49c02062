/** For bash, also the old one of macOS, and without the package bash-completion. */
import { type Command, type Flag, flagsOf, unnamed } from '../command-line.ts';

export function bash(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name);
  return `# bash completion for pg_gateway; "pg_gateway completion bash" has printed it.
_pg_gateway() {
    local cur=\${COMP_WORDS[COMP_CWORD]} flag=\${COMP_WORDS[COMP_CWORD-1]} command=${unnamed} words='' word
    COMPREPLY=()
    # bash splits --flag=value into three words.
    if [[ $cur == '=' ]]; then
        cur=''
    elif [[ $flag == '=' ]]; then
        flag=\${COMP_WORDS[COMP_CWORD-2]}
    fi
    if ((COMP_CWORD > 1)); then
        case \${COMP_WORDS[1]} in
            ${names.join(' | ')}) command=\${COMP_WORDS[1]} ;;
        esac
    fi
    case "$command $flag" in
${valueCases(commands)}
        *)
            case "$command" in
${commands.map(commandCase).join('\n')}
            esac
            ;;
    esac
    if [[ $words == '<file>' ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
    else
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$cur")
    fi
}
complete -F _pg_gateway pg_gateway
`;

  function commandCase({ name, argument, ...command }: Command): string {
    const flags = flagsOf({ name, argument, ...command }).map((flag) => flag.name).join(' ');
    const other = argument.isFile ? '<file>' : argument.words.join(' ');
    return `                ${name})
                    if [[ $cur == -* ]]; then
                        words='${flags}'
                    ${
      name === unnamed
        ? `elif ((COMP_CWORD == 1)); then
                        words='${names.join(' ')}'`
        : `else
                        words='${other}'`
    }
                    fi
                    ;;`;
  }
}

/** What may follow a flag that takes a value; those of a command alone before the settings, which mean the same everywhere. */
function valueCases(commands: readonly Command[]): string {
  const own = commands.flatMap(({ name, own }) =>
    own.filter(takesValue).map((flag) => valueCase(name, flag))
  );
  const settings = commands.find(({ name }) => name === unnamed)?.settings ?? [];
  return [...own, ...settings.map((flag) => valueCase(undefined, flag))].join('\n');
}

function takesValue({ hint }: Flag): boolean {
  return hint !== undefined;
}

function valueCase(command: string | undefined, { name, words, isFile }: Flag): string {
  const pattern = command === undefined ? `*' ${name}'` : `'${command} ${name}'`;
  return `        ${pattern}) words='${isFile ? '<file>' : words.join(' ')}' ;;`;
}
