/** The file system, as far as credentials need it. */
export interface Files {
  /** Throws an error with an errno code. */
  read(path: string): string;
  /** The names in a folder. Throws like `read`. */
  list(path: string): readonly string[];
  /** The permission bits; undefined where the system has none. Throws like `read`. */
  mode(path: string): number | undefined;
}
