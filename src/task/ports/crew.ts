/** The processes that deliver to one workspace, which have its limits together. */
export interface Crew {
  /** Says that this process is alive, and learns how many are. */
  beat(member: string): Promise<number>;
}
