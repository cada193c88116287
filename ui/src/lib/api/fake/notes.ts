/** Notes of the made-up practice. */
import { showDateTime } from '../../format/dates';
import type { NoteRow } from '../bindings';
import { daysAgo } from './charts';

const VISIT = `Subjective
Here for blood pressure and diabetes review. Feels well. No chest pain, no breathlessness, no dizziness on standing. Home readings mostly 130s over 70s; brought her booklet. Knee is stiff in the morning for about ten minutes, better with walking.

Objective
Weight down 0.6 kg since July. No ankle swelling. Feet: sensation intact to monofilament, pulses present.

Assessment
Hypertension close to target. Diabetes improving, A1c 7.4 %. CKD 3a stable; potassium 5.9, repeat this week.

Plan
Repeat potassium and creatinine within 48 h. Continue lisinopril 10 mg until then. Diet sheet given. Review in 3 months.`;

const CALL = `Called about loose stools since starting the larger metformin dose. No fever, drinking well. Agreed to take both tablets with the evening meal. To ring back on Friday if no better.`;

const REVIEW = `Annual review. Problems and medications gone through with patient; list agreed. Falls risk: one trip at home in March, no injury. Hearing aid fitted in May, still prefers people to face her. Influenza vaccination due in October.`;

export function fakeNotes(long: boolean, now: Date): NoteRow[] {
  const notes: NoteRow[] = [
    { id: 'n1', title: 'Office visit', author: 'Dr Marcus Okafor', at: showDateTime(daysAgo(now, 12, 10, 52)), signed: true, text: VISIT, pending: false },
    { id: 'n2', title: 'Telephone call', author: 'Dana Whitfield', at: showDateTime(daysAgo(now, 117, 15, 31)), signed: true, text: CALL, pending: false },
    { id: 'n3', title: 'Annual review', author: 'Dr Marcus Okafor', at: showDateTime(daysAgo(now, 171, 11, 40)), signed: true, text: REVIEW, pending: false },
  ];
  return long ? notes : notes.slice(1, 2);
}
