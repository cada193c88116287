/** A made-up security key: it waits for a touch, checks its PIN, and can be pulled out. */
import type { Events } from '../backend';
import type { Code, SecurityKeyView } from '../bindings';
import { failure } from './failures';

export class FakeKey {
  view: SecurityKeyView = { registered: false, codesOpen: true, required: false };
  /** Whether the person has to register one first. */
  due = false;
  /** What is wrong with the key. */
  problem: Code | null = null;
  /** How long a touch takes. */
  touchMs = 0;
  #tell: (now: Events['key-step']) => void;
  #end: (() => void) | null = null;

  constructor(tell: (now: Events['key-step']) => void) {
    this.#tell = tell;
  }

  async touch(touch: number, pin: string): Promise<void> {
    this.#tell({ step: 'plug-in', touch });
    if (this.problem !== null) throw failure(this.problem);
    if (pin !== '482913') throw failure('key-pin');
    this.#tell({ step: 'touch', touch });
    const touched = await new Promise<boolean>((after) => {
      this.#end = () => after(false);
      setTimeout(() => after(true), this.touchMs);
    });
    if (!touched) throw failure('key-cancelled');
  }

  cancel(): void {
    this.#end?.();
  }

  register(): SecurityKeyView {
    this.due = false;
    this.view = { ...this.view, registered: true, codesOpen: !this.view.required };
    return this.view;
  }

  remove(): SecurityKeyView {
    this.view = { ...this.view, registered: false };
    return this.view;
  }
}
