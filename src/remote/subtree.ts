/** Whether a name is a key of a list, or a folder that may hold one. */
export function mayBegin(name: string, prefix: string, after: string): boolean {
  if (!name.startsWith(prefix) && !prefix.startsWith(`${name}/`)) return false;
  return name > after || after.startsWith(`${name}/`) || `${name}/` > after;
}
