/** Runs tasks one after the other, in the order in which they were given. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve()

  /** The task's own outcome; a failed task does not stop those behind it. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task, task)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}
