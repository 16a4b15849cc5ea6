// Some requests need a log-in that is not long ago: whoever is there is asked again, once for all
// requests that wait for it, and these are repeated then.
let asking = $state.raw<((isDone: boolean) => void) | null>(null);
let answer: Promise<boolean> | null = null;

export const again = {
  /** Whether somebody has to log in again now; the shell shows the dialog. */
  get isNeeded(): boolean {
    return asking !== null;
  },
  /** Resolves when that has happened, with false if it was refused. */
  need(): Promise<boolean> {
    answer ??= new Promise((resolve) => {
      asking = resolve;
    });
    return answer;
  },
  end(isDone: boolean): void {
    asking?.(isDone);
    asking = null;
    answer = null;
  },
};
