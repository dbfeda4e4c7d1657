/** What the keys of all queues begin with: one hash tag, so that a cluster keeps a queue in one place. */
export function jobsPrefix(instance = 'default'): string {
  return `{errand:${instance}}:jobs`;
}
