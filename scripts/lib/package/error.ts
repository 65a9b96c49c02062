/** A package cannot be made; the message is for a person. */
export class PackageError extends Error {}
