/** What every manager's servers have in common. Nothing here pulls the plug, so nothing needs fsync. */
export const serverSettings: Readonly<Record<string, string>> = {
  fsync: 'off',
  max_connections: '100',
  shared_buffers: '32MB',
  // Whatever is killed, its shared memory is a file of the lab.
  dynamic_shared_memory_type: 'mmap',
  wal_log_hints: 'on',
  wal_keep_size: '128MB',
  min_wal_size: '32MB',
  max_wal_size: '128MB',
  wal_sender_timeout: '5s',
  wal_receiver_timeout: '5s',
  wal_retrieve_retry_interval: '500ms',
  // For the moment of a promotion, to the millisecond.
  log_line_prefix: '%m [%p] ',
  log_timezone: 'UTC',
};

/** The same as lines of a postgresql.conf. */
export function settingLines(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`).join('');
}

/** Lines of a pg_hba.conf: nobody but us reaches the lab. */
export const trustLines = [
  'local all all trust',
  'host all all 0.0.0.0/0 trust',
  'host replication all 0.0.0.0/0 trust',
];
