import { useEffect, useState } from 'react';

export interface Answer<T> {
  value?: T;
  error?: string;
}

/** What was asked for, once it is there. Asks again where one of the inputs changes. */
export function useAnswer<T>(ask: () => Promise<T>, inputs: unknown[]): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({});
  useEffect(() => {
    let isWanted = true;
    ask().then(
      (value) => isWanted && setAnswer({ value }),
      (error) => isWanted && setAnswer({ error: messageOf(error) })
    );
    return () => {
      isWanted = false;
    };
    // The question is the same as long as its inputs are.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, inputs);
  return answer;
}

/** What a failed request says, in Grafana's or in JavaScript's way. */
export function messageOf(error: unknown): string {
  const failed = error as { data?: { message?: string }; message?: string };
  return failed.data?.message ?? failed.message ?? String(error);
}
