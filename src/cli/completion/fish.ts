/** For fish: as a file pg_gateway.fish in its folder of completions, or by source. */
import { type Command, commonFlags, type Flag, type Place, unnamed } from '../command-line.ts';

export function fish(commands: readonly Command[]): string {
  const settings = commands.find(({ name }) => name === unnamed)?.settings ?? [];
  const takers = (flag: Flag): string[] =>
    commands.filter((command) => command.settings.includes(flag)).map(({ name }) => name);
  return `# fish completion for pg_gateway; "pg_gateway completion fish" has printed it.
function __pg_gateway_is --description 'whether the command of pg_gateway that is typed is one of these'
    set -l typed (commandline -opc)[2]
    contains -- "$typed" ${commands.map(({ name }) => name).join(' ')}; or set typed ${unnamed}
    contains -- $typed $argv
end
complete -c pg_gateway -f
${
    [
      ...commands.map(({ name, help }) =>
        `complete -c pg_gateway -n 'test (count (commandline -opc)) -eq 1' -a ${name} -d ${quoted(help)}`
      ),
      ...commonFlags.map((flag) => line(undefined, flag)),
      ...settings.map((flag) => line(takers(flag), flag)),
      ...commands.flatMap(({ name, own }) => own.map((flag) => line([name], flag))),
      ...commands.flatMap(({ name, argument }) => argumentLine(name, argument)),
    ].join('\n')
  }
`;
}

/** `of`: the commands that take it; undefined: all. */
function line(of: readonly string[] | undefined, { name, help, hint, ...place }: Flag): string {
  const when = of === undefined ? '' : ` -n '__pg_gateway_is ${of.join(' ')}'`;
  return `complete -c pg_gateway${when} -l ${name.slice(2)}${hint === undefined ? '' : valueOf(place)} -d ${
    quoted(help)
  }`;
}

function valueOf({ words, isFile }: Place): string {
  if (isFile) return ' -rF';
  return words.length === 0 ? ' -x' : ` -xa '${words.join(' ')}'`;
}

function argumentLine(name: string, { words, isFile }: Place): string[] {
  if (!isFile && words.length === 0) return [];
  const what = isFile ? '-F' : `-a '${words.join(' ')}'`;
  return [`complete -c pg_gateway -n '__pg_gateway_is ${name}' ${what}`];
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
