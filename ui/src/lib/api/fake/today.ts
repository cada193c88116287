/** The appointments of the made-up practice on any day one looks. */
import { showDate } from '../../format/dates';
import type { AppointmentRow } from '../bindings';
import { fullName, PATIENTS } from './patients';

type Line = [time: string, patient: number, duration: string, reason: string, status: string, room: string | null, clinician: string];

const OKAFOR = 'Dr Marcus Okafor';
const WHITFIELD = 'Dana Whitfield';

const LINES: Line[] = [
  ['08:30', 13, '20min', 'Medication review', 'fulfilled', 'Room 1', OKAFOR],
  ['08:50', 8, '20min', 'Shoulder pain, follow-up', 'fulfilled', 'Room 1', OKAFOR],
  ['09:10', 6, '30min', 'Well-child visit', 'checked-in', 'Room 3', OKAFOR],
  ['09:20', 3, '20min', 'Diabetes education', 'arrived', 'Room 2', WHITFIELD],
  ['09:40', 9, '20min', 'Travel vaccination', 'arrived', null, WHITFIELD],
  ['10:10', 2, '20min', 'Blood pressure check', 'booked', null, WHITFIELD],
  ['10:40', 0, '20min', 'Blood pressure review', 'booked', null, OKAFOR],
  ['11:00', 11, '20min', 'New patient', 'booked', null, OKAFOR],
  ['11:30', 4, '30min', 'Results', 'noshow', null, OKAFOR],
  ['13:30', 17, '20min', 'Asthma review', 'booked', null, OKAFOR],
  ['14:00', 20, '40min', 'Wound dressing', 'cancelled', null, WHITFIELD],
];

export function fakeToday(): AppointmentRow[] {
  return LINES.flatMap(([time, index, duration, reason, status, room, clinician], line) => {
    const patient = PATIENTS[index];
    if (patient === undefined) return [];
    return [{ id: `t${line}`, patientId: patient.id, patientName: fullName(patient), born: showDate(patient.born), date: showDate(new Date()), time, duration, reason, status, room, clinician }];
  });
}
