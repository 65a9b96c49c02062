/** /etc/pg_gateway/pg_gateway.env as it is installed: every setting, with its default, in a comment. */
import { sections, type SettingName, settingNames, settings } from '../../../src/config/settings.ts';

/** Without these it does not start; with an example of ours, as they have no default. */
const needed: Readonly<Partial<Record<SettingName | 'PGPASSWORD', string>>> = {
  CANDIDATES: 'db1:5432,db2:5432,db3:5432',
  PGUSER: 'gateway',
  PGPASSWORD: '',
};

/** What the unit sets, for which this file is read. */
const ofTheUnit: readonly SettingName[] = ['CONFIG_FILE', 'CONTROL_SOCKET'];

const head = `# Settings of the service pg_gateway: lines NAME=value, without the "#". "man pg_gateway" and
# "pg_gateway --help" tell of all. A setting that is not set has the value that stands here.
#
#   pg_gateway check --config-file /etc/pg_gateway/pg_gateway.env    asks every server once: is all well?
#   systemctl enable --now pg_gateway.socket pg_gateway.service      for the first start
#   systemctl reload pg_gateway                                      after a change; drops no session
#
# A value with blanks, quotes or a "#" in it stands in quotes: PGPASSWORD='a # b'. As it may hold a password, keep this file
# readable for root and the group pg_gateway alone (mode 0640).

# The servers that may be the primary, and a role of theirs that needs LOGIN and nothing else.
`;

/** Where the ports are while systemd holds them. */
const listeningNote =
  `# While pg_gateway.socket is active, systemd has the port, on the address that is set there: change it with
# "systemctl edit pg_gateway.socket" (an empty ListenStream=, then your own), or disable that unit and set these.
`;

export function settingsFile(): string {
  const first = Object.entries(needed).map(([name, value]) => `#${name}=${value}\n`).join('');
  return `${head}${first}${sections.map(sectionLines).join('')}`;
}

function sectionLines(section: (typeof sections)[number]): string {
  const names = settingNames.filter((name) =>
    settings[name].section === section && !Object.hasOwn(needed, name) && !ofTheUnit.includes(name)
  );
  const note = section === 'Listening' ? listeningNote : '';
  return `\n### ${section}\n${note}${names.map(settingLines).join('')}`;
}

function settingLines(name: SettingName): string {
  const { help, hint, fallback = '' } = settings[name];
  return `\n# ${help} (${hint})\n#${name}=${fallback}\n`;
}
