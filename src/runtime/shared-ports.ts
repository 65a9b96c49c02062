/**
 * Whether several threads can listen on one port through the sockets of this runtime. Node passes `reusePort` over before
 * 22.12, and the second thread finds the port taken; Bun and Deno claim to be a newer Node.
 */
export function sharesPorts(nodeVersion: string = process.versions.node): boolean {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}
