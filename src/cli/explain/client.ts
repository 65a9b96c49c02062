/** `pg_gateway explain --client ADDRESS`: whether a client of that address would be taken now, and if not, what it would read. */
import type { ParsedArgs } from 'citty';
import type { Judgement } from '../../data/judgement.ts';
import type { Status } from '../../admin/status.ts';
import { ConfigError } from '../../errors.ts';
import { ask } from '../ask.ts';
import { print } from '../print.ts';
import { newcomers } from './explanation.ts';
import { counted } from './outlook.ts';

/** Resolves with the exit code. Rejects with ConfigError and StartError as `ask` does. */
export async function explainClient(address: unknown, args: ParsedArgs, isJson: boolean): Promise<number> {
  if (typeof address !== 'string' || address === '' || address.startsWith('--')) {
    throw new ConfigError(['--client needs a value: address']);
  }
  const { url, ...gateway } = args;
  if (url !== undefined) {
    throw new ConfigError(['--client asks over the control socket: --url does not go with it']);
  }
  const judgement = await ask<Judgement>(gateway as ParsedArgs, 'judge', { address });
  const status = await ask<Status>(gateway as ParsedArgs, 'status');
  print(isJson ? JSON.stringify(judgement, null, 2) : clientText(address, judgement, status));
  return judgement.refusal === null || judgement.isPastBalancer ? 0 : 1;
}

/** Pure. */
export function clientText(address: string, judgement: Judgement, status: Status): string {
  const { refusal, isPastBalancer, peer, connections, connects } = judgement;
  const { maxPerAddress, ratePerAddress: rate } = status.limits;
  const lines = refusal === null || isPastBalancer
    ? [`A client from ${address} would be taken. ${newcomers(status)}`]
    : [`A client from ${address} would be refused now.`];
  if (isPastBalancer) lines.push('If it came past the load balancers it would be refused:');
  if (refusal !== null) {
    lines.push(`  SQLSTATE ${refusal.sqlstate}: ${refusal.message}`);
    for (const line of [refusal.detail, refusal.hint]) if (line) lines.push(`  ${line}`);
  }
  if (connections !== null) {
    lines.push(
      `${peer} has ${counted(connections, 'connection')} of ${maxPerAddress} (MAX_CONNECTIONS_PER_ADDRESS).`,
    );
  }
  if (connects !== null && rate !== null) {
    lines.push(
      `${peer} may connect ${
        counted(connects, 'time')
      } at once now, of ${rate.burst}, and then ${rate.perSecond} times a second ` +
        '(CONNECT_RATE_PER_ADDRESS).',
    );
  }
  return lines.join('\n');
}
