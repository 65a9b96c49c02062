/** pg_gateway(1) in man(7), from the same tables as the help. */
import { flagOf, sections, settingNames, settings } from '../../config/settings.ts';
import { secrets } from '../../config/secrets.ts';
import { version } from '../../version.ts';
import type { Command, Flag } from '../command-line.ts';

const maxLength = 78;

/** `date` is that of the page, for its foot. */
export function page(commands: readonly Command[], date: Date): string {
  return `${
    [
      `.TH PG_GATEWAY 1 ${date.toISOString().slice(0, 10)} "pg_gateway ${version}"`,
      '.SH NAME',
      'pg_gateway \\- one address in front of a replicated PostgreSQL',
      '.SH SYNOPSIS',
      '.B pg_gateway',
      '.RI [ address " [" port ]]',
      '.RI [ flags ]',
      '.br',
      '.B pg_gateway',
      '.I command',
      '.RI [ flags ]',
      '.SH DESCRIPTION',
      ...text(
        'Clients connect to it as they would to the primary of a PostgreSQL cluster. It asks every server several times a ' +
          'second who it is, decides which one is the primary, and passes bytes between client and server. When the primary ' +
          'changes, new connections go to the new one, those that arrive in between wait, and no session stays on a server ' +
          'that has lost its role.',
      ),
      '.PP',
      ...text(
        'It needs to know the servers (CANDIDATES) and a role of theirs with LOGIN and nothing else (PGUSER). ' +
          'Without a command it serves.',
      ),
      '.SH COMMANDS',
      ...commands.flatMap(commandLines),
      '.SH SETTINGS',
      ...text(
        'Each is an environment variable, a flag, or a line NAME=value of the file that CONFIG_FILE names: METRICS_PORT=7000 ' +
          'is --metrics-port 7000. Flags win over the environment, the environment over the file. Times and sizes may have a ' +
          'unit, as in 10s and 16MB. The default stands at the end.',
      ),
      ...sections.flatMap((section) => [
        `.SS ${escaped(section)}`,
        ...settingNames.filter((name) => settings[name].section === section).flatMap(settingLines),
      ]),
      '.SH ENVIRONMENT',
      ...text(
        `Besides the settings: ${
          secrets.join(' and ')
        }, which are no flags, because processes can be listed. ` +
          'In the file that CONFIG_FILE names they may stand as well.',
      ),
      '.SH SIGNALS',
      ...tagged('SIGTERM, SIGINT', [
        'Drains: it takes clients for DRAIN_ACCEPT_MS more, then lets sessions go on for DRAIN_MS, then ends them. A second ' +
        'one ends them now.',
      ]),
      ...tagged('SIGHUP', [
        'Reads the configuration again, as the command reload does. No session is dropped.',
      ]),
      ...tagged('SIGQUIT', ['Ends at once.']),
      '.SH EXIT STATUS',
      ...tagged('0', ['Done.']),
      ...tagged('1', ['It could not be done.']),
      ...tagged('2', ['It was asked for in a way that makes no sense, or the configuration cannot be used.']),
      '.SH FILES',
      ...tagged('/etc/pg_gateway/pg_gateway.env', [
        'The settings of the service pg_gateway of systemd, as packages install it: lines NAME=value.',
      ]),
      ...tagged('/run/pg_gateway/', [
        'Where the control socket is, on which a running gateway takes commands.',
      ]),
      '.SH EXAMPLES',
      'Ask every server once who it is:',
      ...example("CANDIDATES=db1,db2,db3 PGUSER=gateway PGPASSWORD='...' pg_gateway check"),
      '.PP',
      'Serve on port 6432, then connect as to the primary:',
      ...example(
        "CANDIDATES=db1,db2,db3 PGUSER=gateway PGPASSWORD='...' pg_gateway 0.0.0.0 6432",
        "psql 'host=gateway port=6432 user=app dbname=app'",
      ),
      '.PP',
      'Complete the command line in bash:',
      ...example('source <(pg_gateway completion bash)'),
      '.SH SEE ALSO',
      '.BR psql (1),',
      '.BR systemctl (1)',
    ].join('\n')
  }\n`;
}

function commandLines(command: Command): string[] {
  const { name, help, argument, own, settings: taken } = command;
  const word = argument.isFile ? '\\fIfile\\fR' : escaped(argument.words.join('|'));
  const isAll = taken.length === settingNames.length;
  const flags = taken.map((flag) => flag.name).join(', ');
  return [
    '.TP',
    `\\fB${escaped(name)}\\fR${word === '' ? '' : ` ${word}`}`,
    ...text(help),
    ...(isAll ? text('Takes all settings.') : []),
    ...(isAll || flags === '' ? [] : text(`Takes ${flags}.`)),
    ...(own.length === 0 ? [] : ['.RS', ...own.flatMap(flagLines), '.RE']),
  ];
}

function flagLines({ name, help, hint }: Flag): string[] {
  return tagged(name, [help], hint);
}

function settingLines(name: (typeof settingNames)[number]): string[] {
  const { help, hint, fallback } = settings[name];
  return [
    '.TP',
    `\\fB${escaped(flagOf(name))}\\fR \\fI${escaped(hint)}\\fR, \\fB${escaped(name)}\\fR`,
    ...text(`${help}${fallback === undefined ? '' : ` [${fallback}]`}`),
  ];
}

function tagged(tag: string, lines: readonly string[], hint?: string): string[] {
  const value = hint === undefined ? '' : ` \\fI${escaped(hint)}\\fR`;
  return ['.TP', `\\fB${escaped(tag)}\\fR${value}`, ...lines.flatMap(text)];
}

function example(...lines: readonly string[]): string[] {
  return ['.PP', '.RS 4', '.nf', ...lines.map(escaped), '.fi', '.RE'];
}

/** As roff wants it: a new line for each sentence, and none longer than 80 bytes. */
function text(paragraph: string): string[] {
  return paragraph.split(/(?<=[.:]) (?=[A-Z])/).flatMap((sentence) => {
    const lines: string[] = [];
    for (const word of sentence.split(' ').map(escaped)) {
      const longer = `${lines.at(-1)} ${word}`;
      if (lines.length === 0 || longer.length > maxLength) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    // A full stop at its start would make a request of it.
    return lines.map((line) => line.replace(/^\./, '\\&.'));
  });
}

function escaped(line: string): string {
  return line.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('~', '\\(ti').replaceAll('^', '\\(ha')
    .replaceAll("'", '\\(aq');
}
