export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#2456b8" />
      <path d="M8 11.500h16v10a1.500 1.500 0 0 1-1.500 1.500h-13A1.500 1.500 0 0 1 8 21.500z" fill="#fff" fillOpacity=".28" />
      <path d="M8 11.500A1.500 1.500 0 0 1 9.500 10h13a1.500 1.500 0 0 1 1.500 1.500L16 17.500z" fill="#fff" />
    </svg>
  );
}
