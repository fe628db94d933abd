/**
 * Text that is being written: content blocks that have no final event yet. Void as soon as the
 * final event of the same block arrives. Must not know where deltas come from.
 */
import type { LiveDelta, TranscriptEvent } from "@/api/types";
import { blockKey } from "./items";

/** A block longer than this is shown from its end. */
const MAX_CHARS = 60_000;

export interface Partial {
  key: string;
  messageId: string;
  kind: LiveDelta["kind"];
  text: string;
}

export class Partials {
  private blocks = new Map<string, Partial>();

  /** Oldest first; a new array only when a block came or went. */
  list: readonly Partial[] = [];

  /** Takes one delta. True when it began a block, false when it made one longer. */
  take(delta: LiveDelta): boolean {
    const key = blockKey(delta.messageId, delta.block);
    const block = this.blocks.get(key);
    if (block) {
      block.text += delta.text;
      if (block.text.length > MAX_CHARS * 2) block.text = `… ${block.text.slice(-MAX_CHARS)}`;
      return false;
    }
    this.forgetOthers(delta.messageId);
    this.blocks.set(key, {
      key,
      messageId: delta.messageId,
      kind: delta.kind,
      text: delta.text,
    });
    this.changed();
    return true;
  }

  /** Ends the blocks that an event makes void. */
  settle(event: TranscriptEvent): void {
    if (event.type === "output" && event.msgType?.startsWith("result_")) this.clear();
    if (event.type === "exited") this.clear();
    if (event.type !== "output" && event.type !== "tool_use") return;
    if (!event.messageId) return;
    if (this.blocks.delete(blockKey(event.messageId, event.block ?? 0))) this.changed();
  }

  /** A reconnect may have missed some of them, a retry restarts them. */
  clear(): void {
    if (this.blocks.size === 0) return;
    this.blocks.clear();
    this.changed();
  }

  text(key: string): string {
    return this.blocks.get(key)?.text ?? "";
  }

  /** One message is written at a time: a new one means that the old one ended or was retried. */
  private forgetOthers(messageId: string): void {
    for (const [key, block] of this.blocks) {
      if (block.messageId !== messageId) this.blocks.delete(key);
    }
  }

  private changed(): void {
    this.list = [...this.blocks.values()];
  }
}
