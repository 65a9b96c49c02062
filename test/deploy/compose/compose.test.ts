import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { settings } from '../../../src/config/settings.ts';
import { dashboard } from '../dashboard.ts';
import { composeFile, environmentOf, folder, mountsOf, service } from './compose-file.ts';

const repository = join(import.meta.dirname, '../../..');
const readJson = (name: string) => JSON.parse(readFileSync(join(repository, name), 'utf8'));
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const services = Object.entries(composeFile.services);
const servers = services.filter(([name]) => name.startsWith('db'));

describe('the compose file', () => {
  test('takes the image under its name and version, or builds it', () => {
    const { image, build } = service('gateway');
    assert.equal(image, `${readJson('deploy/names.json').image}:${readJson('package.json').version}`);
    assert.ok(existsSync(join(folder, build!, 'Dockerfile')));
  });

  test('names an exact version of every other image', () => {
    for (const [name, { image }] of services) {
      assert.match(image, /^[a-z.]+\/[\w/-]+:v?\d+(?:\.\d+\.\d+)?$/, name);
    }
  });

  test('mounts files that are there', () => {
    for (const [name, each] of services) {
      for (const file of Object.values(mountsOf(each))) assert.ok(existsSync(file), `${name}: ${file}`);
    }
  });

  test('keeps the folder of every server, and opens ports for this machine alone', () => {
    for (const [name, { volumes = [], hostname }] of servers) {
      assert.equal(hostname, name);
      assert.ok(volumes.includes(`${name}:/var/lib/postgresql`), name);
      assert.ok(Object.hasOwn(composeFile.volumes, name), name);
    }
    for (const [name, { ports = [] }] of services) {
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:(\d+):\1$/, name);
    }
  });

  test('sets settings that there are, and stops the gateway later than a drain ends', () => {
    const { DRAIN_ACCEPT_MS, CANDIDATES, ...others } = environmentOf(service('gateway'));
    assert.equal(CANDIDATES, servers.map(([name]) => name).join(','));
    for (const name of Object.keys(others)) {
      assert.ok(Object.hasOwn(settings, name) || name === 'PGPASSWORD', name);
    }
    const [, seconds] = /^(\d+)s$/.exec(service('gateway').stop_grace_period!) ?? [];
    assert.ok(Number(seconds) * 1_000 > Number(DRAIN_ACCEPT_MS) + Number(settings.DRAIN_MS.fallback));
  });

  test('gives the gateway nothing that it does not need', () => {
    const { read_only, cap_drop, security_opt, tmpfs } = service('gateway');
    assert.deepEqual({ read_only, cap_drop, security_opt, tmpfs }, {
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      tmpfs: ['/run'],
    });
  });

  test('is told of in README.md beside it, with every port', () => {
    const page = read('README.md');
    for (const port of services.flatMap(([, { ports = [] }]) => ports)) {
      const [, number] = port.split(':');
      assert.match(page, new RegExp(`\\b${number}\\b`), number);
    }
  });
});

// https://grafana.com/docs/grafana/latest/administration/provisioning/
describe('what Grafana is given', () => {
  const inside = mountsOf(service('grafana'));

  test('lies where it looks for it', () => {
    assert.deepEqual(
      Object.keys(inside).filter((path) => path.startsWith('/etc/')).map((path) => path.split('/')[4]),
      [
        'datasources',
        'dashboards',
      ],
    );
  });

  test('has a source of data of the type that the dashboard asks for', () => {
    const { apiVersion, datasources: [source, ...others] } = parse(read('grafana/datasources.yaml'));
    assert.deepEqual([apiVersion, others], [1, []]);
    const wanted = dashboard.templating.list.find(({ type }) => type === 'datasource') as { query?: string };
    assert.equal(source.type, wanted.query);
    const [, port] = /^http:\/\/prometheus:(\d+)$/.exec(source.url) ?? [];
    assert.ok(service('prometheus').ports?.some((each) => each.endsWith(`:${port}`)));
    const known = ['name', 'type', 'access', 'url', 'isDefault', 'jsonData'];
    assert.deepEqual(Object.keys(source).filter((field) => !known.includes(field)), []);
    assert.equal(source.jsonData.timeInterval, parse(read('prometheus.yml')).global.scrape_interval);
  });

  test('has the dashboard in a folder that is looked through', () => {
    const { apiVersion, providers: [provider, ...others] } = parse(read('grafana/dashboards.yaml'));
    assert.deepEqual([apiVersion, others], [1, []]);
    assert.deepEqual(provider, { name: 'pg_gateway', type: 'file', options: { path: '/dashboards' } });
    const home = environmentOf(service('grafana'))['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']!;
    assert.equal(inside[home], join(repository, 'deploy/grafana/pg_gateway.json'));
    assert.ok(home.startsWith(`${provider.options.path}/`));
  });
});
