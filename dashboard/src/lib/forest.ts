/** Trees from flat lists with parent ids. Must not know what stands in them. */

export interface Node {
  id: string;
  parentId?: string | null;
}

export interface Branch<T extends Node> {
  value: T;
  depth: number;
  children: Branch<T>[];
}

/**
 * Roots in the order of `values`, children below their parents. A value whose parent is missing is
 * a root; one that would close a circle is a root too, so nothing is ever left out.
 */
export function toForest<T extends Node>(values: readonly T[]): Branch<T>[] {
  const byId = new Map(values.map((value) => [value.id, value]));
  const children = new Map<string, T[]>();
  const roots: T[] = [];
  for (const value of values) {
    const parent = value.parentId ? byId.get(value.parentId) : undefined;
    if (parent && !isAbove(value, parent, byId)) {
      const siblings = children.get(parent.id);
      if (siblings) siblings.push(value);
      else children.set(parent.id, [value]);
    } else roots.push(value);
  }
  const grow = (value: T, depth: number): Branch<T> => ({
    value,
    depth,
    children: (children.get(value.id) ?? []).map((child) => grow(child, depth + 1)),
  });
  return roots.map((root) => grow(root, 0));
}

function isAbove<T extends Node>(value: T, below: T, byId: ReadonlyMap<string, T>): boolean {
  const seen = new Set<string>();
  let at: T | undefined = below;
  while (at && !seen.has(at.id)) {
    if (at.id === value.id) return true;
    seen.add(at.id);
    at = at.parentId ? byId.get(at.parentId) : undefined;
  }
  return false;
}

/** The branch and everything below it, parents first. */
export function flatten<T extends Node>(branch: Branch<T>): Branch<T>[] {
  return [branch, ...branch.children.flatMap(flatten)];
}
