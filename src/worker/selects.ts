import type { TableConfig } from '../config/schema.ts'
import type { TopicName } from '../core/ids.ts'
import type { TopicSelection } from '../consumer/record-source.ts'

/** Whether a selection takes a topic. */
export function selects(selection: TopicSelection, topic: TopicName): boolean {
  switch (selection.kind) {
    case 'names':
      return selection.names.includes(topic)
    case 'pattern':
      return selection.pattern.test(topic)
    case 'any-of':
      return selection.selections.some((one) => selects(one, topic))
  }
}

/** The topics that go into a table. */
export function selectionOf({ topics }: Pick<TableConfig, 'topics'>): TopicSelection {
  return {
    kind: 'any-of',
    selections: topics.map((topic) =>
      topic.kind === 'name'
        ? { kind: 'names', names: [topic.name] }
        : { kind: 'pattern', pattern: topic.pattern },
    ),
  }
}
