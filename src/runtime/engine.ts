/** Which engine moves the bytes, and why: Linux itself where it can be had, the runtime's own sockets elsewhere. */
import { messageOf } from '../errors.ts';
import { openLibc } from './linux/libc.ts';
import { unsupported } from './linux/native.ts';

export type EngineSetting = 'auto' | 'native' | 'portable';

export interface Engine {
  readonly name: 'native' | 'portable';
  /** A clause for the log. */
  readonly why: string;
}

/** `workers`: how many threads there are that may block. Throws an Error if `native` is asked for and cannot be had. */
export function chooseEngine(
  setting: EngineSetting,
  workers: number,
  findObstacle: () => string | undefined = obstacleHere,
): Engine {
  if (setting === 'portable') return { name: 'portable', why: 'ENGINE=portable' };
  const obstacle = workers === 0 ? 'it needs a thread of its own, and NUM_THREADS is 0' : findObstacle();
  if (obstacle === undefined) {
    return { name: 'native', why: setting === 'native' ? 'ENGINE=native' : 'epoll and FFI are there' };
  }
  if (setting === 'native') throw new Error(obstacle);
  return { name: 'portable', why: `no native engine: ${obstacle}` };
}

function obstacleHere(): string | undefined {
  try {
    const reason = unsupported();
    if (reason === undefined) openLibc();
    return reason;
  } catch (error) {
    return messageOf(error);
  }
}
