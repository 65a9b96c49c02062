/** The filter of system calls that engines give every container, as runc takes it. */
import { existsSync, readFileSync } from 'node:fs';

/** Of Debian's golang-github-containers-common, which buildah needs: it is the one of podman, and as docker's. */
const file = '/usr/share/containers/seccomp.json';

interface Condition {
  readonly arches?: readonly string[] | null;
  readonly caps?: readonly string[] | null;
}

interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet: number;
  readonly archMap: readonly {
    readonly architecture: string;
    readonly subArchitectures: readonly string[];
  }[];
  readonly syscalls: readonly {
    readonly names: readonly string[];
    readonly action: string;
    readonly args?: readonly object[] | null;
    readonly errnoRet?: number;
    readonly includes?: Condition;
    readonly excludes?: Condition;
  }[];
}

/** Why there is none, or undefined. */
export const noSeccomp = existsSync(file) ? undefined : `there is no ${file} (package containers-common)`;

/** For a process on amd64 without any capability: `linux.seccomp` of the runtime specification. */
export function seccompProfile(): object {
  const { defaultAction, defaultErrnoRet, archMap, syscalls } = JSON.parse(
    readFileSync(file, 'utf8'),
  ) as Profile;
  const architectures = archMap.filter(({ architecture }) => architecture === 'SCMP_ARCH_X86_64')
    .flatMap(({ architecture, subArchitectures }) => [architecture, ...subArchitectures]);
  const applies = syscalls.filter(({ includes = {}, excludes = {} }) =>
    !includes.caps?.length && (!includes.arches?.length || includes.arches.includes('amd64')) &&
    !excludes.arches?.includes('amd64')
  );
  return {
    defaultAction,
    defaultErrnoRet,
    architectures,
    syscalls: applies.map(({ names, action, args, errnoRet }) => ({
      names,
      action,
      ...(args?.length ? { args } : {}),
      ...(errnoRet === undefined ? {} : { errnoRet }),
    })),
  };
}
