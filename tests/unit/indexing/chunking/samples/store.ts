import type { Db } from "./db";

export type Key = string | number;

export interface Options {
  path: string;
  open(): void;
}

export enum Mode {
  Read,
  Write,
}

export function open(path: string): Store;
export function open(path: any) {
  return new Store(path);
}

@Injectable({ scope: "app" })
export class Store<T> extends Base implements Closable {
  // PAD

  private db: Db;

  /** Reads one value. */
  get<K extends Key>(key: K): T | undefined {
    return this.db.get(key);
  }

  handle = async (event: Event): Promise<void> => {
    await this.save(event);
  };
}

namespace Paths.Local {
  export function join(a: string): string {
    // PAD

    return a;
  }
}

declare module "legacy" {
  export function old(): void;
}

export const isKey = (value: unknown): value is Key => typeof value === "string";
