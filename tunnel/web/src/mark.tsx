// The name and its mark, as on the login page and in the bar.
export function Mark() {
  return (
    <span class="mark">
      <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
        <rect width="32" height="32" rx="7" class="mark-ground" />
        <path d="M8 9l7 7-7 7M17 23h8" class="mark-stroke" />
      </svg>
      oxprobe
    </span>
  );
}
